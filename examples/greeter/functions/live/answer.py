"""A message from a client: it is told its connection id."""

import json


def handler(event, context):
    body = {"connectionId": event["requestContext"]["connectionId"], "you": event["body"]}
    return {"statusCode": 200, "body": json.dumps(body)}
