"""POST /connections/{id}/messages: show the body to the client of that connection."""

import os

import boto3

# The runner names itself in this variable, which boto3 reads by itself. On AWS it is not set, and
# the address is https://<api>.execute-api.<region>.amazonaws.com/<stage>.
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI") or os.environ["PUSH_ENDPOINT"]
connections = boto3.client("apigatewaymanagementapi", endpoint_url=ENDPOINT)


def handler(event, context):
    try:
        connections.post_to_connection(
            ConnectionId=event["pathParameters"]["id"], Data=event["body"]
        )
    except connections.exceptions.GoneException:
        return {"statusCode": 404}
    return {"statusCode": 202}
