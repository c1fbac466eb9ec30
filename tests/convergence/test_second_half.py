"""Every device of a person shows what MongoDB holds, whatever was done, lost and repeated.

Two files with ten seeds each, because pytest-xdist gives all of a file to one worker; and two tests
in each, because it gives a second file to a worker whose first one holds a single test.
"""

import pytest

from tests.convergence.lives import live


@pytest.mark.parametrize("first", [10, 15])
def test_lives_of_a_thousand_operations_end_the_same_on_all_devices(
    mongodb_uri: str, first: int
) -> None:
    live(mongodb_uri, range(first, first + 5))
