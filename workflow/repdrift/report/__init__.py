"""The page that shows a study, and the page that shows several studies side by side."""
