"""Who may push: whoever knows the key."""


def handler(event, context):
    return {"isAuthorized": event["identitySource"] == ["open sesame"]}
