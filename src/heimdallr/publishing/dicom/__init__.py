"""Objects made of a case folder: segmentations, structured reports, captures, the PDF report."""
