"""GET /greetings/{name}"""


def handler(event, context):
    return {"greeting": f"Hello, {event['pathParameters']['name']}!"}
