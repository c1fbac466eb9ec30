"""The WebSocket API: routes, integrations and the authorizer, from `x-websocket`."""

from __future__ import annotations

from typing import Any

from gateway.spec import Spec
from gateway.spec_form import WebSocketApi, WebSocketRoute
from infra.template.http_api import API_GATEWAY
from infra.template.names import invocation_uri, logical_id, permission, ref, sub

WEBSOCKET_API = "WebSocketApi"
STAGE = "WebSocketStage"


def websocket_api(spec: Spec) -> dict[str, Any]:
    """The API with its stage; nothing when openapi.yaml has none."""
    api = spec.websocket
    if api is None:
        return {}
    functions = sorted({route.function for route in api.routes.values()})
    resources: dict[str, Any] = {
        WEBSOCKET_API: {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": sub("belfry-${Stage}-websocket"),
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": api.route_selection_expression,
            },
        },
        **_authorizer(api),
        **{f"{logical_id(each)}Integration": _integration(each) for each in functions},
    }
    for key, route in api.routes.items():
        resources.update(_route(key, route, api))
    invoked = {*functions, *({api.authorizer.function} if api.authorizer else ())}
    for function in sorted(invoked):
        source = (
            "${WebSocketApi}/authorizers/*" if function not in functions else "${WebSocketApi}/*"
        )
        resources[f"{logical_id(function)}Permission"] = permission(
            function, API_GATEWAY, sub(_EXECUTE_API + source)
        )
    # Each change of a route is a new deployment, which AWS makes by itself for such a stage.
    resources[STAGE] = {
        "Type": "AWS::ApiGatewayV2::Stage",
        "DependsOn": [
            name for key, route in api.routes.items() for name in _route(key, route, api)
        ],
        "Properties": {
            "ApiId": ref(WEBSOCKET_API),
            "StageName": api.stage,
            "AutoDeploy": True,
            "DefaultRouteSettings": {"DetailedMetricsEnabled": True},
        },
    }
    address = "wss://${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/" + api.stage
    about = "The WebSocket API itself; the distribution forwards /ws to it"
    return {
        "Resources": resources,
        "Outputs": {"WebSocketApiUrl": {"Description": about, "Value": sub(address)}},
    }


_EXECUTE_API = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"


def _authorizer(api: WebSocketApi) -> dict[str, Any]:
    if api.authorizer is None:
        return {}
    properties: dict[str, Any] = {
        "ApiId": ref(WEBSOCKET_API),
        "Name": logical_id(api.authorizer.function),
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": invocation_uri(api.authorizer.function),
    }
    if api.authorizer.identity_source:
        properties["IdentitySource"] = list(api.authorizer.identity_source)
    return {
        "WebSocketAuthorizer": {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": properties}
    }


def _integration(function: str) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": ref(WEBSOCKET_API),
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": invocation_uri(function),
        },
    }


def _route(key: str, route: WebSocketRoute, api: WebSocketApi) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "ApiId": ref(WEBSOCKET_API),
        "RouteKey": key,
        "Target": sub(f"integrations/${{{logical_id(route.function)}Integration}}"),
    }
    if key == "$connect" and api.authorizer:
        properties["AuthorizationType"] = "CUSTOM"
        properties["AuthorizerId"] = ref("WebSocketAuthorizer")
    found = {_route_id(key): {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}}
    if route.route_response:
        properties["RouteResponseSelectionExpression"] = "$default"
        found[f"{_route_id(key)}Response"] = {
            "Type": "AWS::ApiGatewayV2::RouteResponse",
            "Properties": {
                "ApiId": ref(WEBSOCKET_API),
                "RouteId": ref(_route_id(key)),
                "RouteResponseKey": "$default",
            },
        }
    return found


def _route_id(key: str) -> str:
    """`$connect` → `WebSocketConnectRoute`."""
    return f"WebSocket{key.lstrip('$').capitalize()}Route"
