"""Exact arithmetic on untrusted text: evaluates a syntax tree over bounded fractions, without `eval`."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

from fieldcraft.common.quiet import without_warnings
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.traits import declare

_LONGEST = 1_000
_MOST_BITS = 4_096
_LARGEST_EXPONENT = 400
_EXACT_DIGITS = 30
_ROUNDED_DIGITS = 12
_SQRT_SCALE = 10**40

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction | int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@declare(effect="pure")
def calculator(expression: str) -> str:
    """Work out an arithmetic expression exactly, such as `400/1400` or `round(sqrt(2) * 10, 3)`.

    Numbers, parentheses, + - * / // % **, and abs, ceil, floor, max, min, round, sqrt. A fraction of
    more than 30 significant digits is rounded to 12.
    """
    if len(expression) > _LONGEST:
        raise ToolError(f"the expression is too long: {len(expression):,} characters, {_LONGEST:,} allowed")
    text = expression.strip()
    try:
        with without_warnings():
            tree = ast.parse(text, mode="eval")
        return _shown(_Evaluation(text).value(tree.body))
    except ZeroDivisionError:
        raise ToolError("division by zero") from None
    except (SyntaxError, ValueError):
        raise ToolError(f"not an arithmetic expression: {text[:100]!r}") from None
    except (RecursionError, MemoryError):
        raise ToolError("the expression is nested too deeply") from None


class _Evaluation:
    """The value of a syntax tree; the source text gives decimals exactly as they were written."""

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, node: ast.expr) -> Fraction:
        match node:
            case ast.Constant():
                result = self._number(node)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                result = self.value(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                result = -self.value(operand)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                result = _power(self.value(left), self.value(right))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                result = Fraction(_OPERATORS[type(op)](self.value(left), self.value(right)))
            case ast.BinOp(op=ast.BitXor()):
                raise ToolError("^ is not a power here; write **")
            case ast.Tuple():
                raise ToolError("write numbers without commas: 1000, not 1,000")
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                result = _apply(name, [self.value(argument) for argument in arguments])
            case _:
                part = ast.get_source_segment(self._source, node) or self._source
                raise ToolError(f"only numbers and arithmetic are allowed, not {part[:50]!r}")
        return _bounded(result)

    def _number(self, node: ast.Constant) -> Fraction:
        match node.value:
            case bool():
                pass
            case int() as whole:
                return Fraction(whole)
            case float():
                number = Decimal(ast.get_source_segment(self._source, node) or "NaN")
                if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
                    raise ToolError(f"a number is too large or too small (beyond 1e±{_LARGEST_EXPONENT})")
                return Fraction(number)
        raise ToolError(f"only numbers are allowed, not {str(node.value)[:50]!r}")


def _bounded(number: Fraction) -> Fraction:
    if max(number.numerator.bit_length(), number.denominator.bit_length()) > _MOST_BITS:
        raise ToolError(f"a number grows too large (more than {_MOST_BITS} bits)")
    return number


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise ToolError("an exponent must be a whole number; sqrt gives roots")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
    if bits * abs(exponent) > _MOST_BITS:
        raise ToolError(f"a number grows too large (more than {_MOST_BITS} bits)")
    return Fraction(base ** int(exponent))


def _apply(name: str, values: list[Fraction]) -> Fraction:
    if name not in _FUNCTIONS:
        raise ToolError(f"no function {name[:50]!r}; there are {', '.join(_FUNCTIONS)}")
    arity, function = _FUNCTIONS[name]
    if len(values) not in arity:
        raise ToolError(f"{name} cannot take {len(values)} numbers")
    return Fraction(function(*values))


def _round(value: Fraction, digits: Fraction = Fraction(0)) -> Fraction:
    if digits.denominator != 1 or abs(digits) > _LARGEST_EXPONENT:
        raise ToolError(f"round cannot keep {_shown(digits)} decimals")
    return Fraction(round(value, int(digits)))


def _square_root(value: Fraction) -> Fraction:
    """The exact square root if it is rational, else to 40 decimals."""
    if value < 0:
        raise ToolError("sqrt cannot take a negative number")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if Fraction(top * top, bottom * bottom) == value:
        return Fraction(top, bottom)
    return Fraction(math.isqrt(value.numerator * _SQRT_SCALE**2 // value.denominator), _SQRT_SCALE)


_FUNCTIONS: dict[str, tuple[range, Callable[..., Fraction | int]]] = {
    "abs": (range(1, 2), abs),
    "ceil": (range(1, 2), math.ceil),
    "floor": (range(1, 2), math.floor),
    "max": (range(1, _LONGEST), lambda *values: max(values)),
    "min": (range(1, _LONGEST), lambda *values: min(values)),
    "round": (range(1, 3), _round),
    "sqrt": (range(1, 2), _square_root),
}


def _shown(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    top, bottom = Decimal(value.numerator), Decimal(value.denominator)
    with localcontext(prec=_EXACT_DIGITS) as exact:
        shown = top / bottom
        if exact.flags[Inexact]:
            exact.prec = _ROUNDED_DIGITS
            shown = top / bottom
        return f"{shown.normalize():f}" if abs(shown.adjusted()) < _EXACT_DIGITS else f"{shown:e}"
