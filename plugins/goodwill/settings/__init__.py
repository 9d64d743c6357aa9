"""Configuration: the business settings of `goodwill.yml`, read once and validated."""

from goodwill.settings.business import BusinessSettings
from goodwill.settings.loading import configuration_digest, load_business, load_yaml

__all__ = ["BusinessSettings", "configuration_digest", "load_business", "load_yaml"]
