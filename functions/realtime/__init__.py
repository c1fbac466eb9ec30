"""The WebSocket's routes and its tickets."""
