#compdef streamscore

_streamscore_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _STREAMSCORE_COMPLETE=complete_zsh streamscore)
}

compdef _streamscore_completion streamscore
