"""Deploying to AWS by CloudFormation: artifacts, change sets, pages, and what came of it."""
