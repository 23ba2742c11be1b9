@echo off
rem Sends the sysinfo report of this Kodeks server to the monitoring; once an hour.
setlocal EnableExtensions EnableDelayedExpansion
cd /d "%~dp0"
set "TASK=report"
call :begin || exit /b 1

curl.exe --config report.curl --cookie-jar report.cookies --output report.data 2>report.answer
if errorlevel 1 (
    call :fail no-report: Kodeks gave no report, see report.answer
    exit /b 1
)
curl.exe --config logout.curl --cookie report.cookies --output NUL 2>NUL
del /q report.cookies 2>NUL
if not exist report.data (
    call :fail empty-report: Kodeks answered with nothing
    exit /b 1
)
for %%F in (report.data) do set "SIZE=%%~zF"
if "!SIZE!"=="0" (
    call :fail empty-report: Kodeks answered with nothing
    exit /b 1
)
rem What is no report stays here: the monitoring would take it for one, or keep an old one for fresh.
findstr /i /c:"<html" /c:"<!doctype html" report.data >NUL
if not errorlevel 1 (
    call :fail page-instead-of-report: login, rights or maintenance
    exit /b 1
)
set "HEAD="
set /p HEAD=<report.data
if not "!HEAD:~0,2!"=="PK" (
    call :fail not-a-zip: Kodeks answered with something else
    exit /b 1
)
call :send "200" || exit /b 1
call :say OK !SIZE! bytes
exit /b 0

{% include "common.cmd" %}
