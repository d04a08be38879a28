"""Times on the wire: seconds since the epoch on our side, one of three spellings on the other."""

import re
import time
from calendar import timegm
from datetime import UTC, datetime

#: What a calendar date of four digits can say: the years 1 to 9999.
EARLIEST = -62_135_596_800.0
LATEST = 253_402_300_799.999

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: `Thu, 01 Jan 1970 00:00:00 GMT`, the only form of RFC 822's dates that AWS's clients send.
HTTP_DATE = re.compile(r"\w{3}, (\d{1,2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2})(\.\d+)? (?:GMT|UTC|\+0000)", re.ASCII)
NUMBER = re.compile(r"[-+]?\d{1,15}(\.\d*)?([eE][-+]?\d{1,3})?", re.ASCII)


def seconds(value: float | datetime) -> float:
    """Return a time that a service gave, a number or an aware datetime, as seconds since the epoch."""
    return value.timestamp() if isinstance(value, datetime) else value


def iso8601(value: float | datetime) -> str:
    """Spell a time as `1970-01-01T00:00:00Z`, with milliseconds where it has any."""
    whole, millis = divmod(round(seconds(value) * 1000), 1000)
    at = time.gmtime(whole)
    fraction = f".{millis:03d}" if millis else ""
    return f"{at[0]:04d}-{at[1]:02d}-{at[2]:02d}T{at[3]:02d}:{at[4]:02d}:{at[5]:02d}{fraction}Z"


def iso8601_millis(value: float | datetime) -> str:
    """Spell a time as `1970-01-01T00:00:00.000Z`, as S3 does in its XML."""
    text = iso8601(value)
    return text if "." in text else f"{text[:-1]}.000Z"


def http_date(value: float | datetime) -> str:
    """Spell a time as `Thu, 01 Jan 1970 00:00:00 GMT`; what is less than a second is cut off."""
    at = time.gmtime(seconds(value) // 1)
    return f"{DAYS[at[6]]}, {at[2]:02d} {MONTHS[at[1] - 1]} {at[0]:04d} {at[3]:02d}:{at[4]:02d}:{at[5]:02d} GMT"


def epoch(value: float | datetime) -> float:
    """Spell a time as a number, without a fraction where there is none."""
    number = seconds(value)
    whole = int(number)
    return whole if whole == number else number


def epoch_text(value: float | datetime) -> str:
    """Spell a time as the text of a number."""
    return str(epoch(value))


def read(text: str) -> float:
    """Return the time that `text` spells in any of the three ways; ValueError if in none."""
    if NUMBER.fullmatch(text):
        return within(float(text))
    date = HTTP_DATE.fullmatch(text)
    if date is None:
        at = datetime.fromisoformat(text)
        return within((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    day, month, year, hour, minute, second, fraction = date.groups()
    if month not in MONTHS or int(year) == 0:
        raise ValueError(text)
    whole = timegm((int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)))
    return within(whole + float(fraction or 0))


def within(value: float) -> float:
    """Return `value` if a calendar can show it; ValueError if not (NaN included)."""
    if EARLIEST <= value <= LATEST:
        return value
    raise ValueError(f"{value} is not a time")
