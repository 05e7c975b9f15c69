from imagetools.net.policy import RetryPolicy


def test_each_wait_is_twice_the_one_before() -> None:
    assert [RetryPolicy().delay(n) for n in (1, 2, 3, 4)] == [0.25, 0.5, 1.0, 2.0]


def test_bounds() -> None:
    assert RetryPolicy().delay(20) == 30.0
    assert RetryPolicy().delay(1, "10") == 10.0
    assert RetryPolicy().delay(1, "Fri, 31 Dec 1999 23:59:59 GMT") == 0.25
