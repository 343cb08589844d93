from __future__ import annotations

import threading

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.serving.manager import LoadedModel, Manager
from tests.servables import DoublingServable


def loaded(servable: DoublingServable, name: str = "m", data_type: str = "wine") -> LoadedModel:
    return LoadedModel(data_type, ModelIdentity(name, 1, "00"), "", "factor", "pmml", 1, 0.1, servable)


def test_a_replaced_model_is_closed_only_after_its_last_user_is_done() -> None:
    manager, old, new = Manager(), DoublingServable(), DoublingServable()
    manager.swap(loaded(old))
    with manager.use("wine") as model:
        replaced = manager.swap(loaded(new))
        assert replaced is not None
        assert replaced.servable is old
        manager.close_drained()
        assert (model.servable, old.closed) == (old, 0)
        with manager.use("wine") as now:
            assert now.servable is new
    manager.close_drained()
    manager.close_drained()
    assert (old.closed, new.closed) == (1, 0)


def test_models_that_are_used_together_are_closed_after_that() -> None:
    manager, wine, beer = Manager(), DoublingServable(), DoublingServable()
    manager.swap(loaded(wine))
    manager.swap(loaded(beer, data_type="beer"))
    with manager.use_all(["beer", "wine"]) as models:
        assert [model.servable for model in models] == [beer, wine]
        manager.swap(loaded(DoublingServable()))
        manager.swap(loaded(DoublingServable(), data_type="beer"))
        manager.close_drained()
        assert (wine.closed, beer.closed) == (0, 0)
    manager.close_drained()
    assert (wine.closed, beer.closed) == (1, 1)


def test_a_replaced_model_that_nobody_uses_is_closed_at_the_next_sweep() -> None:
    manager, old = Manager(), DoublingServable()
    manager.swap(loaded(old))
    manager.swap(loaded(DoublingServable()))
    assert old.closed == 0
    manager.close_drained()
    assert old.closed == 1


def test_the_generation_grows_with_every_swap_and_every_new_data_type() -> None:
    manager = Manager()
    seen = [manager.generation]
    manager.declare("wine")
    seen.append(manager.generation)
    manager.declare("wine")
    assert manager.generation == seen[-1]
    manager.swap(loaded(DoublingServable()))
    assert seen[0] < seen[1] < manager.generation
    assert manager.declared == {"wine"}
    assert manager.serves("wine")
    assert not manager.serves("beer")


def test_a_renamed_model_keeps_its_servable_and_its_users() -> None:
    manager, servable = Manager(), DoublingServable()
    manager.swap(loaded(servable, "old"))
    with manager.use("wine") as model:
        manager.rename("wine", ModelIdentity("new", 1, "00"), "described")
        assert (model.identity.name, model.servable) == ("old", servable)
    now = manager.in_service("wine")
    assert now is not None
    assert (now.identity.name, now.description, now.servable) == ("new", "described", servable)
    manager.swap(loaded(DoublingServable()))
    manager.close_drained()
    assert servable.closed == 1


def test_close_closes_all() -> None:
    manager, wine, beer = Manager(), DoublingServable(), DoublingServable()
    manager.swap(loaded(wine))
    manager.swap(loaded(beer, data_type="beer"))
    manager.close()
    assert (wine.closed, beer.closed) == (1, 1)


def test_under_many_swaps_every_use_sees_one_open_model() -> None:
    manager = Manager()
    servables = [DoublingServable(float(number)) for number in range(500)]
    manager.swap(loaded(servables[0]))
    closed_while_used: list[float] = []
    over = threading.Event()

    def score() -> None:
        while not over.is_set():
            with manager.use("wine") as model:
                servable = model.servable
                assert isinstance(servable, DoublingServable)
                if servable.closed:
                    closed_while_used.append(servable.factor)

    threads = [threading.Thread(target=score) for _ in range(2)]
    for thread in threads:
        thread.start()
    for servable in servables[1:]:
        manager.swap(loaded(servable))
        manager.close_drained()
    over.set()
    for thread in threads:
        thread.join(10)
    manager.close()
    assert closed_while_used == []
    assert [servable.closed for servable in servables] == [1] * 500
