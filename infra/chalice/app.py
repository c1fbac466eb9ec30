"""What chalice packages: every function that openapi.yaml names, each with a handler of its own.

chalice runs this where it packages, beside a copy of openapi.yaml. It imports no function: those
beside it may be for another processor.
"""

from pathlib import Path
from typing import Any

from chalice.app import Blueprint, Chalice

from gateway.spec import load_spec
from infra.template.names import APP, chalice_name

app = Chalice(app_name=APP)


def handler(event: Any, context: Any) -> Any:
    """Stands for the one of each module, whose name is all that chalice wants."""


for function in load_spec(Path(__file__).with_name("openapi.yaml")).addresses():
    module = Blueprint(f"functions.{function}")
    module.lambda_function(name=chalice_name(function))(handler)
    app.register_blueprint(module)
