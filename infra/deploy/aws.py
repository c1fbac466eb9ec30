"""AWS as the commands reach it: the account, the region, and errors told in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NotConnected
from botocore.parsers import ResponseParserError

LONGEST_STAGE = 20
"""Characters: `belfry-<stage>-<function>` may have 64 (AWS Lambda, API reference, FunctionName)."""

STAGE = re.compile(rf"(?=.{{1,{LONGEST_STAGE}}}\Z)[a-z](?:-?[a-z0-9])*")

CREDENTIALS = (
    "Log in with `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY."
)
BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}

# Reads and writes of the control plane are throttled per account: wait rather than fail.
PATIENT = Config(retries={"mode": "standard", "max_attempts": 8}, connect_timeout=5)
# The first question is to say soon that nobody answers.
HASTY = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=3)


class DeployError(Exception):
    """What keeps a command from going on, as a sentence that says how to mend it."""


class Clients(Protocol):
    """Gives the client of a service, as `boto3.Session.client` does."""

    def client(self, name: str, *, config: Config) -> Any: ...


@dataclass(frozen=True, slots=True)
class Aws:
    """An account and a region, and the clients that reach them."""

    session: Clients
    account: str
    region: str

    def client(self, service: str) -> Any:
        return self.session.client(service, config=PATIENT)


def aws() -> Aws:
    """The account and the region that the environment and `~/.aws` name.

    Raises DeployError when there are none, or AWS refuses them.
    """
    with told():
        session = boto3.Session()
        if session.region_name is None:
            raise NoRegionError
        return signed_in(session, session.region_name)


def signed_in(session: Clients, region: str) -> Aws:
    """Find out whose credentials these are, which also proves that they are good."""
    with told():
        account = session.client("sts", config=HASTY).get_caller_identity()["Account"]
        return Aws(session, account, region)


def stack_name(stage: str) -> str:
    """The name of a stage's stack. Raises DeployError for a name that AWS would refuse."""
    if not STAGE.fullmatch(stage):
        raise DeployError(
            f"--stage {stage}: a name has 1 to {LONGEST_STAGE} of a–z, 0–9 and single hyphens, "
            "and begins with a letter, such as `prod` or `test-2`."
        )
    return f"belfry-{stage}"


@contextmanager
def told() -> Iterator[None]:
    """Turn what boto3 raises into a DeployError."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise DeployError(f"There are no credentials for AWS: {error}. {CREDENTIALS}") from error
    except ProfileNotFound as error:
        raise DeployError(f"AWS_PROFILE: {error}.") from error
    except NoRegionError as error:
        raise DeployError(
            "There is no region: set AWS_DEFAULT_REGION, such as eu-central-1."
        ) from error
    except (NotConnected, HTTPClientError) as error:
        raise DeployError(f"AWS cannot be reached: {error}") from error
    except ResponseParserError as error:
        raise DeployError(
            f"What answers at AWS's address is not AWS, perhaps a proxy: {error}"
        ) from error
    except ClientError as error:
        raise DeployError(_sentence(error)) from error
    except (BotoCoreError, Boto3Error) as error:
        raise DeployError(f"AWS: {error}") from error


def code_of(error: ClientError) -> str:
    """AWS's name of an error, such as `AccessDenied`; S3's answers to HEAD have a number only."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def _sentence(error: ClientError) -> str:
    code = code_of(error)
    if code in BAD_CREDENTIALS:
        return f"AWS refuses the credentials ({code}). {CREDENTIALS}"
    if code in DENIED:
        return f"These credentials may not do that: {error}"
    return str(error)
