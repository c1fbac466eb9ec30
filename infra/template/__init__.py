"""The CloudFormation template of a deployment: what chalice does not make, to be merged in."""
