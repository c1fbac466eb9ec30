"""A package that an emulator can deploy: a template of what moto's CloudFormation knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mongodb-abc123"


def small_template(**resources: Any) -> dict[str, Any]:
    """A bucket for pages, a log group and a topic; `resources` are added, or taken out by None."""
    found = {
        "Pages": {"Type": "AWS::S3::Bucket"},
        "Log": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Retain",
            "Properties": {"RetentionInDays": 7},
        },
        "AlarmTopic": {"Type": "AWS::SNS::Topic"},
        **resources,
    }
    return {
        "Parameters": {
            "Stage": {"Type": "String"},
            "MongodbSecret": {"Type": "String", "Description": "MongoDB's address."},
        },
        "Resources": {name: each for name, each in found.items() if each},
        "Outputs": {"PagesBucket": {"Value": {"Ref": "Pages"}}},
    }


def write_package(folder: Path, template: dict[str, Any], code: bytes = b"a zip") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.json").write_text(json.dumps(template))
    (folder / "deployment.zip").write_bytes(code)
    return folder
