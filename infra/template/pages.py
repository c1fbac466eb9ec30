"""The web folder behind a distribution, and in front of both APIs: one host serves all of Belfry.

/api/*   the HTTP API
/ws      the WebSocket API, whose stage it is
/docs    pages, with Swagger UI's security policy
else     pages, from a private bucket
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.pages import CONTENT_SECURITY, DOCS_CONTENT_SECURITY
from infra.template.names import attribute, ref, sub

CODE = Path(__file__).with_name("pages.js")

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""AWS's own policies ("Use managed cache policies" and "… origin request policies", CloudFront
developer guide). The last is AllViewerExceptHostHeader: API Gateway answers to its own name only.
It forwards the Sec-WebSocket headers, too."""

WEBSOCKET_STAGE = "ws"
"""As openapi.yaml has it: API Gateway finds the stage in the path."""

ORIGIN_SECONDS = 40
"""Longer than API Gateway waits for a function, so that its answer is the one that is seen."""

YEAR = 31_536_000

NAME = "belfry-${Stage}-${AWS::Region}"
"""CloudFront's names are the account's, not the region's."""


def pages() -> dict[str, Any]:
    return {
        "Resources": {
            "Pages": _bucket(),
            "PagesPolicy": _bucket_policy(),
            "PagesAccess": _access(),
            "PagesAddresses": _addresses(),
            "PagesHeaders": _headers("pages", CONTENT_SECURITY),
            "DocsHeaders": _headers("docs", DOCS_CONTENT_SECURITY),
            "Distribution": _distribution(),
        },
        "Outputs": {
            "Url": _output("Belfry", "https://${Distribution.DomainName}"),
            "WebSocketUrl": _output(
                "Belfry's WebSocket", f"wss://${{Distribution.DomainName}}/{WEBSOCKET_STAGE}"
            ),
            "PagesBucket": _output("Where the pages are", "${Pages}"),
            "DistributionId": _output("What serves the pages", "${Distribution}"),
        },
    }


def _bucket() -> dict[str, Any]:
    return {
        "Type": "AWS::S3::Bucket",
        # It holds copies only. A bucket is deleted when it is empty.
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
        },
    }


def _bucket_policy() -> dict[str, Any]:
    everything = [attribute("Pages", "Arn"), sub("${Pages.Arn}/*")]
    this = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": ref("Pages"),
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudfront.amazonaws.com"},
                        # Who may not list is told 403 of a file that is missing, and not 404.
                        "Action": ["s3:GetObject", "s3:ListBucket"],
                        "Resource": everything,
                        "Condition": {"StringEquals": {"AWS:SourceArn": sub(this)}},
                    },
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": everything,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ],
            },
        },
    }


def _access() -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::OriginAccessControl",
        "Properties": {
            "OriginAccessControlConfig": {
                "Name": sub(NAME),
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": "always",
                "SigningProtocol": "sigv4",
            }
        },
    }


def _addresses() -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::Function",
        "Properties": {
            "Name": sub(f"{NAME}-pages"),
            "AutoPublish": True,
            "FunctionConfig": {
                "Comment": "Which file is behind an address",
                "Runtime": "cloudfront-js-2.0",
            },
            "FunctionCode": CODE.read_text(encoding="utf-8"),
        },
    }


def _headers(name: str, content_security: str) -> dict[str, Any]:
    """What the runner sends with the same pages, and that this host speaks HTTPS only."""
    return {
        "Type": "AWS::CloudFront::ResponseHeadersPolicy",
        "Properties": {
            "ResponseHeadersPolicyConfig": {
                "Name": sub(f"{NAME}-{name}"),
                "SecurityHeadersConfig": {
                    "ContentSecurityPolicy": {
                        "ContentSecurityPolicy": content_security,
                        "Override": True,
                    },
                    "ContentTypeOptions": {"Override": True},
                    "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True},
                    "StrictTransportSecurity": {
                        "AccessControlMaxAgeSec": YEAR,
                        "Override": True,
                    },
                },
                # Browsers ask whether a file has changed; CloudFront itself keeps it.
                "CustomHeadersConfig": {
                    "Items": [{"Header": "cache-control", "Value": "no-cache", "Override": True}]
                },
            }
        },
    }


KEPT_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""All that CloudFront may keep."""


def _distribution() -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {
            "DistributionConfig": {
                "Enabled": True,
                "Comment": sub("belfry-${Stage}"),
                "HttpVersion": "http2and3",
                "IPV6Enabled": True,
                "PriceClass": "PriceClass_100",  # the cheapest: North America, Europe, Israel
                "Origins": [_pages_origin(), _api_origin("HttpApi"), _api_origin("WebSocketApi")],
                "DefaultCacheBehavior": _pages_behaviour("PagesHeaders"),
                "CacheBehaviors": [
                    {"PathPattern": "/docs", **_pages_behaviour("DocsHeaders")},
                    {"PathPattern": "/api/*", **_api_behaviour("HttpApi")},
                    {"PathPattern": f"/{WEBSOCKET_STAGE}", **_api_behaviour("WebSocketApi")},
                ],
                # CloudFront would answer everybody with one person's error for ten seconds, also
                # where its cache policy keeps nothing (developer guide, "Control how long
                # CloudFront caches errors").
                "CustomErrorResponses": [
                    {"ErrorCode": status, "ErrorCachingMinTTL": 0} for status in KEPT_ERRORS
                ],
            }
        },
    }


def _pages_origin() -> dict[str, Any]:
    return {
        "Id": "Pages",
        "DomainName": attribute("Pages", "RegionalDomainName"),
        "OriginAccessControlId": ref("PagesAccess"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},  # demanded, and empty beside the above
    }


def _api_origin(api: str) -> dict[str, Any]:
    return {
        "Id": api,
        "DomainName": sub(f"${{{api}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"),
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            "OriginReadTimeout": ORIGIN_SECONDS,
        },
    }


def _pages_behaviour(headers: str) -> dict[str, Any]:
    return {
        "TargetOriginId": "Pages",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD"],
        "Compress": True,
        "CachePolicyId": CACHING_OPTIMIZED,
        "ResponseHeadersPolicyId": ref(headers),
        "FunctionAssociations": [
            {
                "EventType": "viewer-request",
                "FunctionARN": attribute("PagesAddresses", "FunctionARN"),
            }
        ],
    }


def _api_behaviour(api: str) -> dict[str, Any]:
    return {
        "TargetOriginId": api,
        # Whoever sends a token over HTTP shall notice, and not be led on.
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
    }


def _output(description: str, text: str) -> dict[str, Any]:
    return {"Description": description, "Value": sub(text)}
