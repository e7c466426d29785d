"""Sentences of the engine on the page: what they quote between backticks, as a terminal shows it, is code there."""

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def with_code(text: str) -> SafeString:
    """
    Return ``text`` escaped, with what stands between backticks as code.

    "`migrate` goes on." becomes "<code>migrate</code> goes on."; with an odd number of backticks nothing is code.
    """
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return conditional_escape(text)
    marked = (format_html("<code>{}</code>" if place % 2 else "{}", part) for place, part in enumerate(parts))
    return format_html_join("", "{}", ((part,) for part in marked))
