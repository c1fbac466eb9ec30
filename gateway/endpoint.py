"""Where the gateway is reached from outside, and the names AWS would give it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway import assumptions


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The gateway's public address, given by whoever starts it; never read from a Host header."""

    scheme: str
    domain_name: str
    """Host and port, as functions put it after `scheme://` to push to a connection."""
    domain_prefix: str
    port: str

    @classmethod
    def parse(cls, url: str) -> "Endpoint":
        """Read `http://host[:port]`.

        Raises:
            ValueError: the address has another form.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"endpoint_url must look like http://127.0.0.1:8080, not {url!r}")
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        prefix = parts.hostname.split(".")[0]
        return cls(parts.scheme, parts.netloc, prefix, str(port))


def execute_api_arn(api_id: str, stage: str, route: str) -> str:
    """The ARN that policies of authorizers speak about; `route` is `GET/path` or `$connect`."""
    region, account = assumptions.REGION, assumptions.ACCOUNT_ID
    return f"arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{route}"
