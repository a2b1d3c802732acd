"""A run as a page to look at and to listen to: one file that opens from disk.

- `model` says what the page shows, `reading` finds that in an output folder.
- `page` makes the page of it; what runs in the browser lies beside it.
"""

from rimebatch.renderer.report.model import (
    JobCosts,
    Note,
    PastRun,
    ReportJob,
    ReportRun,
    ReportSegment,
)
from rimebatch.renderer.report.page import make_report
from rimebatch.renderer.report.reading import read_report_job

__all__ = [
    "JobCosts",
    "Note",
    "PastRun",
    "ReportJob",
    "ReportRun",
    "ReportSegment",
    "make_report",
    "read_report_job",
]
