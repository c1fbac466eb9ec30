"""What Amazon API Gateway does, for any openapi.yaml: an ASGI application in front of functions."""
