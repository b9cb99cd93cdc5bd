"""Groups of tasks on a board and in a report: their tables, means, notes and pages."""
