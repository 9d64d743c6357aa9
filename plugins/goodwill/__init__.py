"""Goodwill: the customer-equity warehouse. A library that the DAGs and the command line call; it never imports Airflow."""

__all__ = ["__version__"]

__version__ = "0.1.0"
