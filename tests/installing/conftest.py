from encoder_fixtures import *  # noqa: F403  # pytest finds fixtures by their names here
from hub_fixtures import *  # noqa: F403
