from encoder_fixtures import (  # noqa: F401
    biomedclip_folder,
    clip_folder,
    edit_config,
    encoders,
    folder,
    folders,
    images,
    kind,
    texts,
    transformers_encoders,
    transformers_folders,
)
