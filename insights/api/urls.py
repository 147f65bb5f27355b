"""Routes of heatmap and progress, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from insights.api import views

urlpatterns = [
    path("heatmap/", views.Heatmap.as_view(), name="heatmap"),
    path("progress/", views.Progress.as_view(), name="progress"),
]
