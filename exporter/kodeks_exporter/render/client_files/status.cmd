@echo off
rem Sends the state of this Kodeks server to the monitoring; every 15 minutes.
setlocal EnableExtensions EnableDelayedExpansion
cd /d "%~dp0"
set "TASK=status"
call :begin || exit /b 1

set "TOLD=OK"
call :metrics status.curl || call :metrics status-older.curl
if errorlevel 1 (
    set "TOLD=SILENT Kodeks does not answer with metrics; an empty state was sent, which is an alarm"
    type NUL >status.data
) else (
    rem When the server answered, by its own clock.
    findstr /i /b "date:" status.head >status.answer
    type status.metrics >>status.answer
    move /y status.answer status.data >NUL
)
curl.exe --config logout.curl --cookie status.cookies --output NUL 2>NUL
del /q status.cookies status.head status.metrics 2>NUL
call :send "200 422" || exit /b 1
call :say !TOLD!
exit /b 0

:metrics
del /q status.metrics 2>NUL
curl.exe --config %1 --cookie-jar status.cookies --dump-header status.head --output status.metrics 2>status.answer
if errorlevel 1 exit /b 1
if not exist status.metrics exit /b 1
for %%F in (status.metrics) do if "%%~zF"=="0" exit /b 1
findstr /i /c:"<html" /c:"<!doctype html" status.metrics >NUL
if not errorlevel 1 exit /b 1
exit /b 0

{% include "common.cmd" %}
