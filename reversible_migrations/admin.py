"""
The page's place in the index of Django's admin, for sites that have one.

Nothing of the ledger can be edited: its one entry leads to the page.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse

from .models import Run

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Run]
else:
    Admin = admin.ModelAdmin

PAGE = "reversible_migrations:runs"


def is_mounted() -> bool:
    """Return whether the project has given the page an address."""
    try:
        reverse(PAGE)
    except NoReverseMatch:
        return False
    return True


@admin.register(Run)
class RunAdmin(Admin):
    """Leads to the page, for those who may see it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_mounted() and self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return is_mounted() and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect(PAGE) if is_mounted() else redirect("admin:index")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.changelist_view(request)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return self.changelist_view(request)
