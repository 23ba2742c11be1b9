@echo off
rem Switches the two tasks on in the Task Scheduler; as administrator.
setlocal EnableExtensions
cd /d "%~dp0"
net session >NUL 2>NUL
if errorlevel 1 (
    echo Run this file as administrator: right button, "Run as administrator".
    exit /b 1
)
rem S-1-5-19 is LOCAL SERVICE, which the tasks run as; S-1-5-32-544 the administrators; S-1-5-18 the system.
icacls . /inheritance:r /grant:r *S-1-5-32-544:(OI)(CI)F *S-1-5-18:(OI)(CI)F *S-1-5-19:(OI)(CI)M >NUL || exit /b 1
for %%T in (report status) do (
    powershell.exe -NoProfile -Command "(Get-Content -Raw 'kodeks-%%T.xml').Replace('@HERE@', '%CD%') | Set-Content -Encoding Unicode 'kodeks-%%T.task.xml'" || exit /b 1
    schtasks.exe /create /f /tn "Kodeks monitoring\%%T" /xml "kodeks-%%T.task.xml" || exit /b 1
    del /q "kodeks-%%T.task.xml"
)
schtasks.exe /run /tn "Kodeks monitoring\report"
schtasks.exe /run /tn "Kodeks monitoring\status"
exit /b 0
