"""What the values of a column lose when its field becomes another, as PostgreSQL changes them."""

from typing import Any

# Bytes of an integer, by its field.
INTEGERS = {
    "SmallIntegerField": 2, "PositiveSmallIntegerField": 2, "SmallAutoField": 2,
    "IntegerField": 4, "PositiveIntegerField": 4, "AutoField": 4,
    "BigIntegerField": 8, "PositiveBigIntegerField": 8, "BigAutoField": 8,
}  # fmt: skip
TEXTS = {"CharField", "TextField", "SlugField", "FileField", "FilePathField"}
# Characters that the values of other fields need at most.
WIDTHS = {"UUIDField": 36, "DateField": 10, **{name: {2: 6, 4: 11, 8: 20}[size] for name, size in INTEGERS.items()}}
MOMENTS = {"DateField", "DateTimeField", "TimeField"}
NOT_TEXTS = {*INTEGERS, *MOMENTS, "FloatField", "DecimalField", "BooleanField", "DurationField"}


def loss_of(old: Any, new: Any) -> str | None:
    """Return what is lost, as a sentence without its end; None where nothing is, or nothing that is known."""
    if old.is_relation or new.is_relation or getattr(old, "generated", False) or getattr(new, "generated", False):
        return None
    kinds = old.get_internal_type(), new.get_internal_type()
    return _loss_of_type(old, new, *kinds) or _loss_of_null(old, new)


def _loss_of_type(old: Any, new: Any, was: str, now: str) -> str | None:
    if now in TEXTS:
        return _loss_in_text(old, new, was, now)
    if was in TEXTS and now == "JSONField":  # jsonb keeps what the text says, not the text
        return (
            "texts become JSON without their spaces, order and repetition of keys, and those that are none make it fail"
        )
    if was in TEXTS:
        kind = now.removesuffix("Field")
        return f"texts become {kind} values, and those that are none make it fail" if now in NOT_TEXTS else None
    if now in INTEGERS:
        return _loss_in_integer(old, was, now)
    if now == "DecimalField":
        return _loss_in_decimal(old, new, was)
    if now == "BooleanField" and was in INTEGERS:
        return "every number but 0 becomes true"
    if was == "DateTimeField" and now in MOMENTS and was != now:
        return f"only the {'date' if now == 'DateField' else 'time of day'} of each moment is left"
    if was == "DecimalField" and now == "FloatField" and _is_finer_than_float(old):
        return f"numbers of {old.max_digits} digits are rounded to about 15"
    return None


def _loss_in_text(old: Any, new: Any, was: str, now: str) -> str | None:
    if new.max_length is None or now == "TextField":
        return None
    if was in TEXTS:
        # Django casts where the kind of the column changes (text to varchar), and a cast cuts off in silence.
        is_text = was == "TextField"
        if is_text or old.max_length is None or old.max_length > new.max_length:
            does = "are cut off" if is_text else "make it fail, or have to be cut off before"
            return f"values longer than {new.max_length} characters {does}"
        return None
    width = WIDTHS.get(was, 0)
    return f"values longer than {new.max_length} characters are cut off" if width > new.max_length else None


def _loss_in_integer(old: Any, was: str, now: str) -> str | None:
    if was in INTEGERS and INTEGERS[was] > INTEGERS[now]:
        limit = 2 ** (8 * INTEGERS[now] - 1) - 1
        return f"numbers above {limit:,} make it fail, or have to be changed before"
    if was == "FloatField" or (was == "DecimalField" and old.decimal_places):
        return "fractions are rounded away"
    return None


def _loss_in_decimal(old: Any, new: Any, was: str) -> str | None:
    places = new.decimal_places
    if was == "FloatField":
        return f"numbers are rounded to {places} decimals"
    if was != "DecimalField" or None in (old.decimal_places, places, old.max_digits, new.max_digits):
        return None
    if old.decimal_places > places:
        return f"numbers are rounded from {old.decimal_places} decimals to {places}"
    whole_digits = old.max_digits - old.decimal_places, new.max_digits - places
    if whole_digits[0] > whole_digits[1]:
        return f"numbers of more than {whole_digits[1]} digits before the point make it fail"
    return None


def _is_finer_than_float(field: Any) -> bool:
    return field.max_digits is not None and field.max_digits > 15


def _loss_of_null(old: Any, new: Any) -> str | None:
    """Tell of NULLs that are filled: what Django does where the new field has a value for them."""
    if not old.null or new.null or old.primary_key:
        return None
    if new.has_default() or new.has_db_default():
        value = new.default if new.has_default() else new.db_default
        shown = f"{value!r}" if isinstance(value, str | int | float | bool) else "the default"
        return f"NULLs become {shown}, and are no longer told from what was that before"
    if new.blank and new.empty_strings_allowed and new.get_internal_type() in TEXTS:
        return "NULLs become '', and are no longer told from what was that before"
    return None
