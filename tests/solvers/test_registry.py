"""Registration: what is refused, and what `auto` makes of a new solver."""

import pytest

from bandg.base.errors import BandgError
from bandg.solvers import Solver, register, unregister
from bandg.solvers.dense import Dense
from bandg.solvers.registry import choose_solver, factorizing_solver, installed_solvers, solver_named


class Quick(Dense):
    """Says of itself that it is the best for large matrices."""

    name = "quick"
    hint = "pip install quick"
    factorization = None

    @classmethod
    def rank(cls, size):
        return 10 if size > 100 else 0

    @staticmethod
    def memory_gb(size, nnz, is_complex):
        return 1e-5 * size


class Nameless(Solver):
    """Has no name."""


class Taken(Dense):
    """Has the name of another."""

    name = "superlu"


@pytest.fixture
def quick():
    yield register(Quick)
    unregister("quick")


def test_auto_goes_by_what_each_solver_says_of_itself(quick):
    assert installed_solvers()[0] == "quick"
    assert choose_solver("auto", 101, free_gb=1.0) is Quick
    assert choose_solver("auto", 100, free_gb=1.0) is Dense
    assert choose_solver("auto", 10**6, 10**7, True, free_gb=0.5).name == "iterative"
    assert factorizing_solver("auto") is not Quick


def test_a_solver_that_is_not_installed_is_not_taken_and_says_how_to_install_it(quick, monkeypatch):
    monkeypatch.setattr(Quick, "installed", classmethod(lambda cls: False))
    assert choose_solver("auto", 101, free_gb=1.0) is not Quick
    with pytest.raises(BandgError, match="solver quick is not installed: pip install quick"):
        solver_named("quick")


def test_a_registration_takes_the_place_of_the_last_one(quick):
    newer = type("Newer", (Quick,), {})
    register(newer)
    assert solver_named("quick") is newer


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Nameless, "Nameless has no name"),
        (Taken, "belongs to bandg: choose another name for Taken"),
        ("superlu", "'superlu' is not a solver: derive a class from bandg.Solver"),
        (dict, "is not a solver"),
    ],
)
def test_what_is_no_solver_is_refused(wrong, message):
    with pytest.raises(BandgError, match=message):
        register(wrong)


def test_derivatives_need_a_factorization(quick):
    with pytest.raises(BandgError, match="need a factorization, which quick does not have"):
        factorizing_solver("quick")
