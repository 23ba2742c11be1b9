:begin
where curl.exe >NUL 2>NUL
if errorlevel 1 (
    call :fail no-curl: put curl.exe into this folder
    exit /b 1
)
rem A log that does not grow for ever.
if exist log.txt for %%F in (log.txt) do if %%~zF GTR 200000 move /y log.txt log.old.txt >NUL
del /q %TASK%.data %TASK%.answer 2>NUL
exit /b 0

:send
rem HTTP codes that mean that it was taken; an empty state is refused as a file, and noted.
set "CODE=000"
for /f "delims=" %%C in ('curl.exe --config upload-%TASK%.curl 2^>%TASK%.error') do set "CODE=%%C"
if "%CODE%"=="000" (
    call :fail not-sent: see %TASK%.error
    exit /b 1
)
echo %~1 | findstr /c:"%CODE%" >NUL
if errorlevel 1 (
    call :fail not-accepted: HTTP %CODE%, see %TASK%.answer
    exit /b 1
)
del /q %TASK%.data %TASK%.answer %TASK%.error 2>NUL
exit /b 0

:fail
call :say ERROR %*
exit /b 1

:say
echo %DATE% %TIME:~0,8% %TASK%: %*
echo %DATE% %TIME:~0,8% %TASK%: %*>>log.txt
exit /b 0
