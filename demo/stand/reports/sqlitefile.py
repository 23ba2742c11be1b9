"""A report as an SQLite file, laid out as the sample. Some columns are called otherwise than in XML."""

from __future__ import annotations

import sqlite3

from demo.stand.reports.report import BLOCKS, Report

_SCHEMA = """
CREATE TABLE info(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE modules(name TEXT, version TEXT);
CREATE TABLE sessions(login TEXT, domain TEXT, ip TEXT, browser TEXT, since TEXT);
CREATE TABLE volumes(file TEXT, product TEXT, title TEXT, upd TEXT, expires TEXT, error INTEGER, message TEXT);
CREATE TABLE operup(name TEXT, date TEXT);
CREATE TABLE users(login TEXT, domain TEXT, fullname TEXT, position TEXT, department TEXT, phone TEXT, email TEXT,
                   registered TEXT, last_seen TEXT);
CREATE TABLE usage(login TEXT, month TEXT, requests INTEGER, documents INTEGER, services INTEGER, links INTEGER,
                   searches_intellectual INTEGER, searches_attribute INTEGER, searches_empty INTEGER, printed INTEGER,
                   saved INTEGER, kassist INTEGER);
CREATE TABLE searches(time TEXT, login TEXT, catalog TEXT, source TEXT, type TEXT, status TEXT, found INTEGER,
                      duration REAL, query TEXT);
CREATE TABLE rejections(time TEXT, login TEXT, reason TEXT);
CREATE TABLE kassist(date TEXT, uniq INTEGER, added INTEGER, unmatched INTEGER, checked INTEGER);
"""


def to_sqlite(report: Report) -> bytes:
    """The bytes of the file. A missing block is a missing table."""
    with sqlite3.connect(":memory:") as database:
        database.executescript(_SCHEMA)
        database.executemany("INSERT INTO info VALUES (?, ?)", report.info.items())
        for block, fields in BLOCKS.items():
            if block in report.blocks:
                marks = ", ".join("?" * len(fields))
                database.executemany(f"INSERT INTO {block} VALUES ({marks})", report.blocks[block])
            else:
                database.execute(f"DROP TABLE {block}")
        database.commit()
        data = database.serialize()
    database.close()
    return data
