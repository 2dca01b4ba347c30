"""Expressions in non-commuting k as ordered words with polynomial coefficients: a fast exact `expand`.

A coefficient is a polynomial over the rationals in the parameters, in i, root 2 and root 3, and in the inverse of each
denominator that occurs.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.polys.rings import PolyElement, PolyRing

Word = tuple[tuple[int, ...], tuple[int, ...]]
"""k indices in their order, and field indices, sorted."""

_ROOTS = (sp.I, sp.sqrt(2), sp.sqrt(3))
_SQUARES = (-1, 2, 3)


class Words:
    """Splits expressions into words up to first order in the field.

    symbols: the commuting symbols. denominators: expressions in them that occur with negative powers. k, field: three
    symbols each.
    """

    def __init__(
        self,
        symbols: tuple[sp.Symbol, ...],
        denominators: tuple[sp.Expr, ...],
        k: tuple[sp.Expr, ...],
        field: tuple[sp.Symbol, ...],
    ) -> None:
        self._values = (*_ROOTS, *symbols, *(1 / d for d in denominators))
        self.ring = PolyRing([sp.Dummy() for _ in self._values], sp.QQ, "lex")
        self._denominators = denominators
        one: Word = ((), ())
        self._known: dict[sp.Expr, dict[Word, PolyElement]] = {}
        for value, generator in zip(self._values, self.ring.gens, strict=True):
            self._known[value] = {one: generator}
            if value.is_Pow and value.exp == -1:
                self._known[1 / (-value.base)] = {one: -generator}
        for axis in range(3):
            self._known[k[axis]] = {((axis,), ()): self.ring.one}
            self._known[field[axis]] = {((), (axis,)): self.ring.one}

    def split(self, expression: sp.Expr) -> dict[Word, PolyElement]:
        """The words of an expression and their coefficients. Raises ValueError for a symbol that was not announced."""
        known = self._known.get(expression)
        if known is None:
            known = self._known[expression] = self._split(expression)
        return known

    def _split(self, expression: sp.Expr) -> dict[Word, PolyElement]:
        if expression.is_Rational:
            return {((), ()): self.ring(sp.QQ(expression.p, expression.q))}
        if expression.is_Add:
            total: dict[Word, PolyElement] = {}
            for term in expression.args:
                for word, value in self.split(term).items():
                    total[word] = total.get(word, self.ring.zero) + value
            return total
        if expression.is_Mul:
            product: dict[Word, PolyElement] = {((), ()): self.ring.one}
            for factor in expression.args:
                product = self._times(product, self.split(factor))
            return product
        if expression.is_Pow and expression.exp.is_Integer and expression.exp != -1:
            inverse = expression.exp < 0
            base = self.split(1 / expression.base if inverse else expression.base)
            power: dict[Word, PolyElement] = {((), ()): self.ring.one}
            for _ in range(abs(int(expression.exp))):
                power = self._times(power, base)
            return power
        if expression == sp.sqrt(6):
            return self._times(self.split(sp.sqrt(2)), self.split(sp.sqrt(3)))
        raise ValueError(f"{expression} was not announced")

    def _times(self, left: dict[Word, PolyElement], right: dict[Word, PolyElement]) -> dict[Word, PolyElement]:
        product: dict[Word, PolyElement] = {}
        for (k, field), a in left.items():
            for (more_k, more_field), b in right.items():
                fields = (*field, *more_field)
                if len(fields) < 2:
                    word = ((*k, *more_k), fields)
                    product[word] = product.get(word, self.ring.zero) + self.reduced(a * b)
        return product

    def polynomial(self, expression: sp.Expr) -> PolyElement:
        """An expression without k and field as a coefficient."""
        return self.split(expression).get(((), ()), self.ring.zero)

    def reduced(self, polynomial: PolyElement) -> PolyElement:
        """The same with i, root 2 and root 3 to the first power at most."""
        if all(max(monomial[:3]) < 2 for monomial in polynomial):
            return polynomial
        found: dict[Any, Any] = {}
        for monomial, value in polynomial.items():
            for power, square in zip(monomial[:3], _SQUARES, strict=True):
                value = value * square ** (power // 2)
            kept = (*(power % 2 for power in monomial[:3]), *monomial[3:])
            found[kept] = found.get(kept, 0) + value
        return self.ring.from_dict({monomial: value for monomial, value in found.items() if value})

    def terms(self, polynomial: PolyElement) -> sp.Expr:
        """As a sum by the letters outside the denominators, each with one factored fraction; zero where it vanishes."""
        inside = {symbol for d in self._denominators for symbol in d.free_symbols}
        apart: dict[tuple[int, ...], list[sp.Expr]] = {}
        places = [n for n, v in enumerate(self._values) if v.is_Symbol and v not in inside]
        for monomial, value in polynomial.items():
            rest = [0 if n in places else power for n, power in enumerate(monomial)]
            term = sp.Mul(sp.Rational(value.numerator, value.denominator), *map(sp.Pow, self._values, rest))
            letters = tuple(power if n in places else 0 for n, power in enumerate(monomial))
            apart.setdefault(letters, []).append(term)
        return sp.Add(
            *(sp.Mul(*map(sp.Pow, self._values, letters), sp.factor(sp.Add(*part))) for letters, part in apart.items())
        )
