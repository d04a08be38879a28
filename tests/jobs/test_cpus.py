from clary.jobs.cpus import CpuShares


def test_take_spreads_programs_over_the_cpus() -> None:
    shares = CpuShares([0, 1, 2])
    assert [shares.take(1), shares.take(0.5), shares.take(2)] == [[0], [1], [2, 0]]
    shares.give_back([1])
    assert shares.take(1) == [1]


def test_take_of_all_binds_to_none() -> None:
    shares = CpuShares([4, 5])
    assert [shares.take(None), shares.take(2), shares.take(1.5), shares.take(64)] == [[], [], [], []]
    assert shares.take(1) == [4]
