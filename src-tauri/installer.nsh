; What Gatebook's Windows installer does besides installing.
;
; A kiosk is installed by `Gatebook_<version>_x64-setup.exe /S /KIOSK`: the app then fills the screen of whoever signs in
; on the machine. An update leaves that as it is, with the switch or without; uninstalling ends it.

!define KIOSK_RUN_KEY "Software\Microsoft\Windows\CurrentVersion\Run"

!macro NSIS_HOOK_POSTINSTALL
  ClearErrors
  ${GetOptions} $CMDLINE "/KIOSK" $0
  ${IfNot} ${Errors}
    WriteRegStr HKLM "${KIOSK_RUN_KEY}" "${PRODUCTNAME}" '"$INSTDIR\${MAINBINARYNAME}.exe" --kiosk'
  ${EndIf}
  ClearErrors
!macroend

!macro NSIS_HOOK_POSTUNINSTALL
  ${If} $UpdateMode <> 1
    DeleteRegValue HKLM "${KIOSK_RUN_KEY}" "${PRODUCTNAME}"
  ${EndIf}
!macroend
