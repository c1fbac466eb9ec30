"""The functions: one module per endpoint, one folder per service."""

from belfry.wiring import deps, import_early

import_early(deps().environment)
