"""The HTTP API: its routes and authorizers, from openapi.yaml, as API Gateway imports them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.authorizer_form import Authorizer
from gateway.spec import Operation, Spec
from infra.template.logs import access_log_settings
from infra.template.names import invocation_uri, logical_id, permission, sub

ANY = "x-amazon-apigateway-any-method"
API_GATEWAY = "apigateway.amazonaws.com"
HTTP_API = "HttpApi"


def http_api(spec: Spec) -> dict[str, Any]:
    """The API, and the permissions to invoke what it names."""
    resources: dict[str, Any] = {
        HTTP_API: {
            "Type": "AWS::Serverless::HttpApi",
            "Properties": {
                "DefinitionBody": definition(spec),
                "FailOnWarnings": True,
                "AccessLogSettings": access_log_settings(),
                "DefaultRouteSettings": {"DetailedMetricsEnabled": True},
            },
        }
    }
    for operation in spec.operations:
        resources[f"{logical_id(operation.function)}Permission"] = permission(
            operation.function, API_GATEWAY, _source(f"*/{_route(operation)}")
        )
    for authorizer in _authorizers(spec).values():
        resources[f"{logical_id(authorizer.function)}Permission"] = permission(
            authorizer.function, API_GATEWAY, _source("authorizers/*")
        )
    address = sub("https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}")
    about = "The HTTP API itself; the distribution forwards /api/* to it"
    return {
        "Resources": resources,
        "Outputs": {"HttpApiUrl": {"Description": about, "Value": address}},
    }


def definition(spec: Spec) -> dict[str, Any]:
    """The OpenAPI that API Gateway imports: what it reads, and nothing else.

    The functions check their input themselves, so no schema is in it. Source: API Gateway
    developer guide, "Working with OpenAPI definitions for HTTP APIs".
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in spec.operations:
        method = ANY if operation.method == "ANY" else operation.method.lower()
        paths.setdefault(operation.path, {})[method] = _operation(operation)
    found: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": sub("belfry-${Stage}"), "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {
                name: _scheme(authorizer) for name, authorizer in _authorizers(spec).items()
            }
        },
    }
    if spec.cors:
        found["x-amazon-apigateway-cors"] = spec.cors.model_dump(by_alias=True, exclude_none=True)
    return found


def _operation(operation: Operation) -> dict[str, Any]:
    parameters = re.findall(r"{([^}+]+)\+?}", operation.path)
    return {
        "operationId": operation.function,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in parameters
        ],
        "responses": {"default": {"description": "The function's answer"}},
        "security": [{_name(operation.authorizer): []}] if operation.authorizer else [],
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "payloadFormatVersion": "2.0",
            "uri": invocation_uri(operation.function),
        },
    }


def _scheme(authorizer: Authorizer) -> Mapping[str, Any]:
    source = authorizer.identity_source
    place, _, name = source[0].removeprefix("$request.").partition(".") if source else ("", "", "")
    return {
        "type": "apiKey",
        "name": name or "Authorization",
        "in": {"querystring": "query"}.get(place, "header"),
        "x-amazon-apigateway-authorizer": {
            "type": "request",
            "identitySource": ", ".join(source),
            "authorizerUri": invocation_uri(authorizer.function),
            "authorizerPayloadFormatVersion": "2.0",
            "authorizerResultTtlInSeconds": authorizer.result_ttl_seconds,
            "enableSimpleResponses": True,
        },
    }


def _authorizers(spec: Spec) -> Mapping[str, Authorizer]:
    found = [operation.authorizer for operation in spec.operations if operation.authorizer]
    return {_name(authorizer): authorizer for authorizer in found}


def _name(authorizer: Authorizer) -> str:
    return logical_id(authorizer.function)


def _route(operation: Operation) -> str:
    """Method and path as an ARN names them: parameters are wildcards."""
    method = "*" if operation.method == "ANY" else operation.method
    return f"{method}{re.sub(r'{[^}]*}', '*', operation.path)}"


def _source(what: str) -> dict[str, str]:
    return sub(
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/" + what
    )
