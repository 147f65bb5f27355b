"""Pictures: heatmap and progress."""

from __future__ import annotations

from django.urls import path

from insights.views import heatmap, progress

app_name = "insights"
urlpatterns = [
    path("heatmap/", heatmap.heatmap, name="heatmap"),
    path("heatmap/cell/", heatmap.heatmap_cell, name="heatmap-cell"),
    path("heatmap/heatmap.csv", heatmap.heatmap_csv, name="heatmap-csv"),
    path("progress/", progress.progress, name="progress"),
    path("progress/progress.csv", progress.progress_csv, name="progress-csv"),
]
