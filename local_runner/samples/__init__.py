"""Events to edit: just what the gateway and the triggers would build of a made-up request."""
