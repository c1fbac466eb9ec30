"""Every device of a person shows what MongoDB holds, whatever was done, lost and repeated.

Two files with ten seeds each: pytest-xdist gives all of a file to one worker.
"""

from tests.convergence.lives import live


def test_ten_lives_of_a_thousand_operations_end_the_same_on_all_devices(mongodb_uri: str) -> None:
    live(mongodb_uri, range(10, 20))
