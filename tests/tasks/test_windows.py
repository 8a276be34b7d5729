"""Windows of any task."""

from tuning_curves.tasks.windows import bounds_of, neighbours


def test_neighbours_fill_a_pass_and_a_longer_window_stands_alone() -> None:
    lengths = [3, 4, 5, 20, 1, 9, 1]
    found = list(neighbours(bounds_of(lengths), 10))
    assert [lengths[piece] for piece in found] == [[3, 4], [5], [20], [1, 9], [1]]
    assert [lengths[piece] for piece in neighbours(bounds_of(lengths), 43)] == [lengths]
