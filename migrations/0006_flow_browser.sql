-- Which code somebody typed is told by the other flows of their browser.
create index flow_browser on flow (browser);
