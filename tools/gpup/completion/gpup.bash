# SPDX-License-Identifier: MIT
# Completion of gpup(1) for bash.

_gpup()
{
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} verb=${COMP_WORDS[2]:-}
	local words=

	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$(gpup --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
	elif [[ $word == -* ]]; then
		words=$(gpup "$command" --help 2>/dev/null | grep -o -e '--[a-z-]*' | sort -u)
	elif [ "$COMP_CWORD" -eq 2 ]; then
		case $command in
		adapter) words="list show" ;;
		type) words=list ;;
		partition) words="list show create set remove xml qemu" ;;
		fault) words="endless endless-many huge page-fault read-only illegal never cyclic marked" ;;
		esac
	else
		case $command:$verb in
		adapter:show | type:list | partition:list) words=$(_gpup_column adapter 1) ;;
		partition:create)
			if [ "$COMP_CWORD" -eq 3 ]; then
				words=$(_gpup_column type 2)
			else
				words=$(_gpup_settings)
			fi
			;;
		partition:set)
			if [ "$COMP_CWORD" -eq 3 ]; then
				words=$(_gpup_column partition 2)
			else
				words=$(_gpup_settings)
			fi
			;;
		partition:show | partition:remove | partition:xml | partition:qemu)
			words=$(_gpup_column partition 2)
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace 2>/dev/null
}

# A column of what "gpup NOUN list" prints, without its title.
_gpup_column()
{
	gpup "$1" list 2>/dev/null | awk -v column="$2" 'NR > 1 { print $column }'
}

# The attributes that can be set, which "show" marks.
_gpup_settings()
{
	gpup partition show "$(gpup partition list 2>/dev/null | awk 'NR == 2 { print $1 "/" $2 }')" \
		2>/dev/null | sed -n 's/^\([a-z_]*\) .* \*$/\1=/p'
}

complete -o default -F _gpup gpup
