"""How images come in: DICOM listener, uploads, watch folder, and when a study is complete."""
