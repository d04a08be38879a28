import asyncio
from collections import Counter

from clary.services.sagemaker.routing import Route, Routing, Target

KEY = ("1", "r", "endpoint")


def test_choose_follows_the_weights() -> None:
    route = Route([Target("a", "ha", 3.0), Target("b", "hb", 1.0), Target("c", "hc", 0.0)])
    counts = Counter(route.choose().variant for _ in range(4000))
    assert 0.68 < counts["a"] / 4000 < 0.82
    assert counts["c"] == 0


def test_named_finds_a_variant_without_traffic() -> None:
    route = Route([Target("a", "ha", 1.0), Target("b", "hb", 0.0)])
    assert route.named("b") == Target("b", "hb", 0.0)
    assert route.named("z") is None


async def test_wait_returns_the_route_that_comes() -> None:
    routing, route = Routing(), Route([Target("a", "ha", 1.0)])
    waiting = asyncio.create_task(routing.wait(KEY, 5.0))
    await asyncio.sleep(0)
    routing.put(KEY, route)
    assert await waiting is route


async def test_wait_gives_up_when_no_route_comes() -> None:
    assert await Routing().wait(KEY, 0.001) is None
