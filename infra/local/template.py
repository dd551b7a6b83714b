"""Converts template.yaml to what an emulator can deploy.

Some things differ from what ``sam deploy`` sends to AWS. SAM puts the routes of an HTTP API into an
OpenAPI body, which the emulator does not read: here they become resources of their own. Both APIs get a
pinned id, so that their addresses stay the same from one start to the next. Left out are alarms that add
metrics up, which the emulator refuses, and the policy that closes queues to plain HTTP, which it speaks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor  # type: ignore[import-untyped]

from infra.json_types import Json, Node
from infra.local.ids import HTTP_API_ID, WEBSOCKET_API_ID

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2.type_defs import CorsTypeDef

_API = "HttpApi"
_SCHEMA = "Schema"
_TAKE_CODE_FROM = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads YAML with CloudFormation's short intrinsics; in C where libyaml is there."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def load(path: Path) -> Node:
    """Read a template; its short intrinsics (``!Ref``) become long ones."""
    return cast(Node, yaml.load(path.read_text(), _Loader))  # noqa: S506


def parameter_names(template: Node) -> list[str]:
    """Return the names of the template's parameters."""
    return list(_node(template, "Parameters"))


def code_properties(template: Node) -> dict[str, tuple[Node, str]]:
    """Return, for each resource with code, its properties and the name of the one that locates the code."""
    return {
        name: (_node(resource, "Properties"), _TAKE_CODE_FROM[str(resource["Type"])])
        for name, resource in _resources(template).items()
        if resource["Type"] in _TAKE_CODE_FROM
    }


def routes(template: Node) -> dict[str, str]:
    """Return the HTTP routes, as "POST /path", with the logical id of the function behind each.

    An event without a path has what no other route has: "$default".
    """
    return {
        f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default": function
        for function, _, properties in _http_events(template)
    }


def cors(template: Node, origins: list[str]) -> CorsTypeDef:
    """Return the CORS settings of the HTTP API, for ``origins``."""
    settings = _node(_resources(template)[_API], "Properties", "CorsConfiguration")
    return cast("CorsTypeDef", {**settings, "AllowOrigins": origins})


def for_emulator(template: Node, *, is_new: bool = False) -> None:
    """Change ``template`` into what an emulator can deploy.

    In a stack that ``is_new`` no function waits for the database schema, but it for them: requests come when
    all is deployed, and functions are loaded meanwhile.
    """
    if is_new:
        _create_schema_last(_resources(template))
    expanded = _expanded(template)
    for function, event, _ in list(_http_events(template)):
        del _node(_resources(template)[function], "Properties", "Events")[event]
    _resources(template).update(expanded)
    for name in [name for name, resource in _resources(template).items() if _is_unsupported(resource)]:
        del _resources(template)[name]
    _node(_resources(template)["WebSocketApi"], "Properties")["Tags"] = _pin(WEBSOCKET_API_ID)


def _create_schema_last(resources: dict[str, Node]) -> None:
    waiting = [name for name, resource in resources.items() if resource.get("DependsOn") == _SCHEMA]
    for name in waiting:
        del resources[name]["DependsOn"]
    resources[_SCHEMA]["DependsOn"] = cast("list[Json]", waiting)


def _is_unsupported(resource: Node) -> bool:
    does_metric_math = "Metrics" in _node(resource, "Properties")
    return resource["Type"] == "AWS::SQS::QueuePolicy" or (
        resource["Type"] == "AWS::CloudWatch::Alarm" and does_metric_math
    )


def _expanded(template: Node) -> dict[str, Node]:
    """Return the HTTP API as plain resources: API, stage, and per function an integration and permission."""
    api: Json = {"Ref": _API}
    settings = _node(_resources(template)[_API], "Properties")
    resources = {
        _API: _resource(
            "Api",
            Name="dexec",
            ProtocolType="HTTP",
            CorsConfiguration=settings["CorsConfiguration"],
            Tags=_pin(HTTP_API_ID),
        ),
        f"{_API}Stage": _resource("Stage", ApiId=api, StageName="$default", AutoDeploy=True),
    }
    for number, (route, function) in enumerate(routes(template).items()):
        integration = f"{function}Integration"
        resources[integration] = _resource(
            "Integration",
            ApiId=api,
            IntegrationType="AWS_PROXY",
            IntegrationUri={"Fn::GetAtt": [function, "Arn"]},
            PayloadFormatVersion="2.0",
        )
        resources[f"{_API}Route{number}"] = _resource(
            "Route", ApiId=api, RouteKey=route, Target={"Fn::Sub": f"integrations/${{{integration}}}"}
        )
    return resources


def _http_events(template: Node) -> list[tuple[str, str, Node]]:
    """Return function, name and properties of each HTTP event."""
    return [
        (function, name, _node(event, "Properties"))
        for function, resource in _resources(template).items()
        for name, event in cast("dict[str, Node]", _node(resource, "Properties").get("Events", {})).items()
        if event["Type"] == "HttpApi"
    ]


def _resource(kind: str, **properties: Json) -> Node:
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": properties}


def _pin(api_id: str) -> Node:
    """Return the tags by which MiniStack and LocalStack let a template choose an API's id."""
    return {"ms-custom-id": api_id, "_custom_id_": api_id}


def _resources(template: Node) -> dict[str, Node]:
    return cast("dict[str, Node]", template["Resources"])


def _node(node: Node, *path: str) -> Node:
    for name in path:
        node = cast(Node, node[name])
    return node
